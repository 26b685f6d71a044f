"""Picture: scenes drawn on the CPU, straight into video planes."""
