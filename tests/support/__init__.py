"""What tests share: builders of values, and views of the real broker and graph."""
