//! The shop as a process that can be killed.

use std::{future::IntoFuture as _, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    task::spawn_blocking,
};
use webhooks_axum::AdminAuth;
use webhooks_core::{Webhooks, sign::Secret};

use crate::{Failed, app, shop::Shop};

/// The shop on a runtime of its own, so that all of it can end at once, wherever it stands.
pub(super) struct Process {
    runtime: Option<Runtime>,
    pub(super) webhooks: Webhooks,
    pub(super) address: SocketAddr,
    pub(super) secret: Secret,
}

impl Process {
    pub(super) async fn start(
        database: PathBuf,
        receiver_port: u16,
        token: &str,
    ) -> Result<Self, Failed> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let auth = AdminAuth::bearer(token);
        let started = runtime.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let shop = Shop::open(&database, receiver_port).await?;
            Ok::<_, Failed>((listener, shop))
        });
        let (listener, shop) = started.await??;
        let address = listener.local_addr()?;
        let app = app::app(shop.webhooks.clone(), shop.orders, auth);
        runtime.spawn(axum::serve(listener, app).into_future());
        Ok(Self {
            runtime: Some(runtime),
            webhooks: shop.webhooks,
            address,
            secret: shop.secret,
        })
    }

    /// Ends it as a kill would: nothing is finished, and nothing is said to the store.
    pub(super) async fn kill(mut self) -> Result<(), Failed> {
        let runtime = self.runtime.take();
        drop(self);
        let patience = Duration::from_secs(5);
        let ended = move || runtime.map(|runtime| runtime.shutdown_timeout(patience));
        spawn_blocking(ended).await?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
