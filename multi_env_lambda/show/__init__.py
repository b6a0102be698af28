"""Values as people see them: text for terminals, HTML for notebooks and the board. Nothing here prints."""
