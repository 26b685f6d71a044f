"""What was spent, summed from the costs that events carry."""
