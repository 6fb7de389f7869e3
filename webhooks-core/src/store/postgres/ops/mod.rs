//! What a store does, over a connection.
