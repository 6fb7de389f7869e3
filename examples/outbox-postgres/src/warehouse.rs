//! Whoever is told of orders: here a part of the same program, elsewhere somebody else's.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use webhooks_core::{
    Error,
    env::Env,
    sign::{Secret, Verifier},
};

/// Verifies what arrives, and keeps it. Clones are one.
#[derive(Clone)]
pub(crate) struct Warehouse {
    verifier: Verifier,
    env: Env,
    arrived: Arc<Mutex<Vec<String>>>,
}

impl Warehouse {
    pub(crate) fn new(secret: Secret) -> Result<Self, Error> {
        Ok(Self {
            verifier: Verifier::new(secret)?,
            env: Env::system(),
            arrived: Arc::default(),
        })
    }
}

/// Takes an event, if it is signed.
pub(crate) async fn receive(
    State(warehouse): State<Warehouse>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let now = warehouse.env.now();
    if warehouse.verifier.verify(&headers, &body, now).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let arrived = warehouse.arrived.lock();
    let mut arrived = arrived.unwrap_or_else(PoisonError::into_inner);
    arrived.push(String::from_utf8_lossy(&body).into_owned());
    StatusCode::NO_CONTENT
}

/// What has arrived, a line for each.
pub(crate) async fn list(State(warehouse): State<Warehouse>) -> String {
    let arrived = warehouse.arrived.lock();
    let arrived = arrived.unwrap_or_else(PoisonError::into_inner);
    arrived.join("\n")
}
