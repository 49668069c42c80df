"""What people disagree on, for programs: listed, and settled as on the page."""
