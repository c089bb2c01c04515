"""What the city keeps covered: who is reached in how many minutes, now and after units are sent."""
