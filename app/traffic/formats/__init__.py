"""Reading what producers send: OpenAI request and response pairs, and OTLP spans of the GenAI conventions. Pure."""
