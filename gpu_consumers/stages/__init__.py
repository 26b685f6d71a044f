"""The stages: script, scene (voice and picture), assembly. Each is a function from a task to the events it leads to."""
