//! What makes a receiver's certificate good.

#[cfg(feature = "rustls")]
use reqwest::Certificate;
use reqwest::ClientBuilder;

#[cfg(feature = "rustls")]
use crate::{Error, ErrorKind};

/// What makes a receiver's certificate good. Defaults to the certificate authorities that the
/// operating system trusts. Without the feature `rustls` there is nothing to say.
///
#[cfg_attr(feature = "rustls", doc = " ```")]
#[cfg_attr(not(feature = "rustls"), doc = " ```ignore")]
/// use webhooks_core::transport::TlsOptions;
///
/// let wrong = TlsOptions::new().root_certificates("not a certificate");
/// assert!(wrong.is_err());
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until the builder has them"]
pub struct TlsOptions {
    #[cfg(feature = "rustls")]
    roots: Vec<Certificate>,
    #[cfg(feature = "rustls")]
    insecure: bool,
}

impl TlsOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these certificate authorities too: one or more certificates in PEM. Defaults to none.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) if there is no certificate in it, or one that
    /// cannot be read.
    #[cfg(feature = "rustls")]
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let invalid = |message| Error::new(ErrorKind::InvalidConfig, message);
        let roots = Certificate::from_pem_bundle(pem.as_ref()).map_err(|error| {
            invalid("the root certificates cannot be read: expected PEM").with_source(error)
        })?;
        if roots.is_empty() {
            return Err(invalid(
                "there is no root certificate: expected PEM with `BEGIN CERTIFICATE`",
            ));
        }
        self.roots.extend(roots);
        Ok(self)
    }

    /// Accepts every certificate, of whatever name, from whomever: what is sent can then be read
    /// and answered by anybody on the way. For tests of receivers. Defaults to not.
    #[cfg(feature = "rustls")]
    pub fn allow_insecure_tls(mut self) -> Self {
        self.insecure = true;
        self
    }

    #[cfg(feature = "rustls")]
    pub(super) fn apply(&self, client: ClientBuilder) -> ClientBuilder {
        client
            .tls_certs_merge(self.roots.iter().cloned())
            .tls_danger_accept_invalid_certs(self.insecure)
    }

    #[cfg(not(feature = "rustls"))]
    #[allow(clippy::unused_self, reason = "it says something where there is TLS")]
    pub(super) fn apply(&self, client: ClientBuilder) -> ClientBuilder {
        client
    }
}
