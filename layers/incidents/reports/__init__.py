"""Reports of citizens: taken at the door, judged by a person, never sent straight to dispatch."""
