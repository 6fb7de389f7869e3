//! Whose certificate is good enough.

use std::sync::Arc;

use rcgen::CertifiedKey;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};
use webhooks_core::{
    EmitterConfig, ErrorKind, RetryPolicy, delivery::DeliveryState, transport::AttemptErrorKind,
    transport::TlsOptions,
};
use webhooks_tests::Receiver;

use crate::{builder, payload, settled};

/// TLS in front of a receiver, with a certificate that signs itself.
struct Front {
    port: u16,
    pem: String,
    task: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Front {
    async fn of(receiver: &Receiver) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = receiver.addr();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut plain = TcpStream::connect(behind).await.unwrap();
                    // It ends as the client or the receiver does.
                    let _ = copy_bidirectional(&mut stream, &mut plain).await;
                });
            }
        });
        Self {
            port,
            pem: cert.pem(),
            task,
        }
    }

    fn config(&self) -> EmitterConfig {
        let once = RetryPolicy::emitter().max_attempts(1);
        EmitterConfig::new(format!("https://127.0.0.1:{}/hooks", self.port))
            .unwrap()
            .retry(once)
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_fails_the_attempt_before_a_byte_is_sent() {
    let receiver = Receiver::start().await;
    let front = Front::of(&receiver).await;
    let webhooks = builder().build().await.unwrap();
    webhooks.attach("a", ["*"], front.config()).await.unwrap();
    webhooks.emit("x", &payload(1)).await.unwrap();
    let log = settled(&webhooks).await;
    assert_eq!(log[0].state, DeliveryState::Dead);
    let error = log[0].last_error.as_ref().unwrap();
    assert_eq!(error.kind, AttemptErrorKind::Tls, "{error:?}");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_root_certificate_of_ones_own_is_trusted() {
    let receiver = Receiver::start().await;
    let front = Front::of(&receiver).await;
    let tls = TlsOptions::new().root_certificates(&front.pem).unwrap();
    let webhooks = builder().tls(tls).build().await.unwrap();
    webhooks.attach("a", ["*"], front.config()).await.unwrap();
    webhooks.emit("x", &payload(1)).await.unwrap();
    receiver.wait_for(1).await;
    assert_eq!(settled(&webhooks).await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn insecure_tls_takes_every_certificate() {
    let receiver = Receiver::start().await;
    let front = Front::of(&receiver).await;
    let tls = TlsOptions::new().allow_insecure_tls();
    let webhooks = builder().tls(tls).build().await.unwrap();
    webhooks.attach("a", ["*"], front.config()).await.unwrap();
    webhooks.emit("x", &payload(1)).await.unwrap();
    receiver.wait_for(1).await;
    assert_eq!(settled(&webhooks).await[0].state, DeliveryState::Delivered);
}

#[test]
fn what_is_no_certificate_is_refused() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n",
    ] {
        let error = TlsOptions::new().root_certificates(pem).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}
