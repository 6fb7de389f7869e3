//! Secrets, signature schemes, signing and verifying.
