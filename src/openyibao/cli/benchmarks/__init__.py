"""What `openyibao bench` measures. Nothing here is imported by the product itself."""
