"""What holds for every corruption: a new one is tested here, and needs only its digest."""
