"""The yearly statistical bulletin (统计公报): indicators in words, tables and charts, with a page of method."""
