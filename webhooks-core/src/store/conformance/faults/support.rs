//! A store that can fail, and shorthands for calls that do.

use std::sync::Arc;

use crate::{
    Error, ErrorKind,
    store::{
        Append, NewMessage, Store,
        conformance::{World, world::Owner},
        fault::{Fault, FaultStore, Operation},
    },
};

/// The world with a store that can fail in place of its own.
pub(super) fn faulty(mut world: World) -> (World, FaultStore<dyn Store>) {
    let store = FaultStore::over(world.store.clone());
    world.store = Arc::new(store.clone());
    (world, store)
}

/// The error of a call whose answer is lost.
pub(super) async fn lost<T: std::fmt::Debug>(
    store: &FaultStore<dyn Store>,
    operation: Operation,
    call: impl Future<Output = Result<T, Error>>,
) {
    store.strike_nth_of(operation, 1, Fault::Lost);
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.is_retryable());
}

pub(super) fn batch(world: &World, owner: &Owner, messages: Vec<NewMessage>) -> Append {
    Append {
        node: owner.node,
        messages,
        now: world.now(),
    }
}
