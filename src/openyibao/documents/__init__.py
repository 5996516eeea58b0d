"""Paper of every room (文书): one report of blocks, written as a page, a Word file or an Excel file."""
