"""Workers for script, voice, scene and assembly tasks, and the backends that do the work."""
