//! Whom a client trusts when it connects over TLS, to HTTPS and to the push server alike.
//!
//! rustls with ring, named in each configuration: nothing is installed for the whole process, and an application's own
//! default provider is neither needed nor touched.

use std::sync::{Arc, LazyLock, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, WantsVerifier,
};
use rustls_platform_verifier::Verifier;

/// How a client checks servers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Trusts whom the platform trusts. Its roots are read when the first certificate has to be checked: where nothing
    /// uses TLS they cost nothing, and need not exist.
    pub fn system() -> Self {
        static SYSTEM: LazyLock<Tls> = LazyLock::new(|| {
            let (provider, builder) = builder();
            let verifier = Arc::new(Platform { provider, verifier: OnceLock::new() });
            let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
            Tls(Arc::new(builder.with_no_client_auth()))
        });
        SYSTEM.clone()
    }

    /// Trusts these certificate authorities, given as PEM, and nobody else.
    pub fn with_roots(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|e| format!("the roots are no PEM: {e}"))?;
            roots.add(certificate).map_err(|e| format!("a root is no certificate: {e}"))?;
        }
        if roots.is_empty() {
            return Err("there is no certificate among the roots".to_owned());
        }
        Ok(Self(Arc::new(builder().1.with_root_certificates(roots).with_no_client_auth())))
    }

    /// Whatever rustls can be configured to do, as client certificates.
    pub fn from_config(config: Arc<ClientConfig>) -> Self {
        Self(config)
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

fn builder() -> (Arc<CryptoProvider>, ConfigBuilder<ClientConfig, WantsVerifier>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3");
    (provider, builder)
}

/// The platform's verifier, made at its first use.
#[derive(Debug)]
struct Platform {
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl Platform {
    fn verifier(&self) -> Result<&Verifier, Error> {
        self.verifier.get_or_init(|| Verifier::new(Arc::clone(&self.provider))).as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for Platform {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_that_are_none_are_refused() {
        assert_eq!(Tls::with_roots(b"").unwrap_err(), "there is no certificate among the roots");
        let broken = b"-----BEGIN CERTIFICATE-----\nMQ==\n-----END CERTIFICATE-----\n";
        assert!(Tls::with_roots(broken).unwrap_err().starts_with("a root is no certificate: "));
        let cut = b"-----BEGIN CERTIFICATE-----\nMQ==\n";
        assert!(Tls::with_roots(cut).unwrap_err().starts_with("the roots are no PEM: "));
    }
}
