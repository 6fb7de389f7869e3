//! Stub until merged.
#![allow(missing_docs)]
use crate::{
    Error,
    env::{Env, Timestamp},
};
#[derive(Clone, Debug, PartialEq)]
pub struct Secret(Box<str>);
impl Secret {
    pub fn generate(_: &Env) -> Self {
        Self("x".into())
    }
}
#[derive(Clone, Debug, PartialEq)]
pub struct SigningKey {
    secret: Secret,
    created_at: Timestamp,
}
impl SigningKey {
    pub fn new(secret: Secret, env: &Env) -> Self {
        Self {
            secret,
            created_at: env.now(),
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Schemes(u8);
impl Schemes {
    pub fn validate(self, _: &Secret) -> Result<(), Error> {
        Ok(())
    }
}
