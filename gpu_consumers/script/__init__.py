"""Script writers: a prompt in, a script of scenes out. Every writer keeps the promise of `ScriptWriter`."""
