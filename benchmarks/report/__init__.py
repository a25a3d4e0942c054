"""What is made of the measured figures: summaries, Markdown tables, the plot, and the figures quoted in documents.

What belongs here: functions from a results file to text and pictures. What does not: anything that measures.
"""
