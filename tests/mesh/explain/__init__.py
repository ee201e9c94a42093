"""What `explain` says, on a lab of its own rules."""
