//! The JSON-safe serializer.
