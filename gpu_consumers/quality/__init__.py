"""What is made, measured: figures of each clip's pictures, and those that lie far outside of what is usual."""
