//! What makes a receiver's certificate good.

use reqwest::{Certificate, ClientBuilder};

use crate::{Error, ErrorKind};

/// What makes a receiver's certificate good. Defaults to the certificate authorities that the
/// operating system trusts.
///
/// ```
/// use webhooks_core::transport::TlsOptions;
///
/// let wrong = TlsOptions::new().root_certificates("not a certificate");
/// assert!(wrong.is_err());
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until the builder has them"]
pub struct TlsOptions {
    roots: Vec<Certificate>,
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
    pub fn allow_insecure_tls(mut self) -> Self {
        self.insecure = true;
        self
    }

    pub(super) fn apply(&self, client: ClientBuilder) -> ClientBuilder {
        client
            .tls_certs_merge(self.roots.iter().cloned())
            .tls_danger_accept_invalid_certs(self.insecure)
    }
}
