//! Certificates into the configuration of TLS connections: rustls with ring, the machine's authorities, else bundled ones.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::server::{Identity, Tls};

/// Why there is no TLS connection.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The server's certificate is refused.
    #[error(
        "certificate: {0}; give its authority as `tls.caPem` or `tls.caFile`, or the name it holds as `tls.serverName`"
    )]
    Certificate(rustls::CertificateError),
    /// Another failure of the handshake.
    #[error("TLS handshake: {0}")]
    Handshake(rustls::Error),
    /// The settings' PEM holds no certificate or key.
    #[error("`tls.{setting}`: expected {expected} in PEM")]
    Pem {
        /// The setting's name.
        setting: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
    /// Certificate and key are refused by the library.
    #[error("`tls.{setting}`: {cause}")]
    Refused {
        /// The setting's name.
        setting: &'static str,
        /// Why.
        cause: rustls::Error,
    },
    /// The name to verify is none.
    #[error("`tls.serverName`: `{0}` is neither a host name nor an IP address")]
    ServerName(String),
}

impl From<&rustls::Error> for TlsError {
    fn from(error: &rustls::Error) -> TlsError {
        match error {
            rustls::Error::InvalidCertificate(refused) => TlsError::Certificate(refused.clone()),
            other => TlsError::Handshake(other.clone()),
        }
    }
}

/// The configuration of clients that speak plain HTTP: building it reads nothing.
pub(super) fn plain() -> ClientConfig {
    builder()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

/// The machine's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` included), else Mozilla's as bundled. Reads files: a few milliseconds.
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// The configuration for `tls`, with `roots` trusted beside its own authorities.
pub(super) fn config(tls: &Tls, roots: Arc<RootCertStore>) -> Result<ClientConfig, TlsError> {
    let builder = builder();
    let roots = match &tls.ca_pem {
        Some(pem) => Arc::new(with_authorities(&roots, pem)?),
        None => roots,
    };
    let builder = match (&tls.server_name, tls.insecure) {
        (_, true) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider()))),
        (Some(name), false) => {
            let name = ServerName::try_from(name.clone())
                .map_err(|_| TlsError::ServerName(name.clone()))?;
            let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::new(provider()))
                .build()
                .map_err(|_| TlsError::Pem {
                    setting: "caPem",
                    expected: "certificate authorities",
                })?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(NamedCertificate { inner, name }))
        }
        (None, false) => builder.with_root_certificates(roots),
    };
    match &tls.identity {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => {
            let (certificates, key) = read_identity(identity)?;
            builder
                .with_client_auth_cert(certificates, key)
                .map_err(|cause| TlsError::Refused {
                    setting: "certFile",
                    cause,
                })
        }
    }
}

fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("ring's suites serve TLS 1.2 and 1.3")
}

fn with_authorities(roots: &RootCertStore, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let missing = || TlsError::Pem {
        setting: "caPem",
        expected: "certificate authorities",
    };
    let certificates = certificates(pem).map_err(|_| missing())?;
    let mut roots = roots.clone();
    for certificate in certificates {
        roots.add(certificate).map_err(|cause| TlsError::Refused {
            setting: "caPem",
            cause,
        })?;
    }
    Ok(roots)
}

fn read_identity(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let certificates = certificates(&identity.certificate_pem).map_err(|_| TlsError::Pem {
        setting: "certFile",
        expected: "a certificate",
    })?;
    let key = PrivateKeyDer::from_pem_slice(&identity.key_pem).map_err(|_| TlsError::Pem {
        setting: "keyFile",
        expected: "a private key",
    })?;
    Ok((certificates, key))
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>()?;
    match found.is_empty() {
        true => Err(pem::Error::NoItemsFound),
        false => Ok(found),
    }
}

/// `insecure`: any certificate will do. Signatures are still checked: that costs nothing and keeps the handshake whole.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// `serverName`: the certificate must hold this name, whatever host was dialled.
#[derive(Debug)]
struct NamedCertificate {
    inner: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
}

impl ServerCertVerifier for NamedCertificate {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner
            .verify_server_cert(certificate, intermediates, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
