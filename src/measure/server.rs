//! Settings into the server that is asked: files read, headers and credentials as the client wants them.

use std::io;
use std::path::{Path, PathBuf};

use http::{HeaderName, HeaderValue};
use url::Url;

use crate::analysis::settings::{self, Settings};
use crate::prometheus::{Authentication, Identity, Secret, Server, SigV4, Tls};

/// The largest file that settings may name, in bytes.
const FILE: u64 = 1 << 20;

/// Why settings make no server.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServerError {
    /// A file that settings name.
    #[error("`{key}`: read file `{}`", .path.display())]
    File {
        key: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// A token that no header can hold, or none.
    #[error(
        "`authentication.bearer.tokenFile`: `{path}` holds no token: one line of visible characters is expected"
    )]
    Token { path: String },
}

/// The server at `address` as `settings` describe it. The policy has allowed the files.
pub(super) async fn server(settings: &Settings, address: Url) -> Result<Server, ServerError> {
    Ok(Server {
        address,
        tls: tls(settings).await?,
        headers: settings.headers.iter().filter_map(header).collect(),
        authentication: authentication(&settings.authentication).await?,
    })
}

/// Names and values were checked when the settings were read.
fn header(header: &settings::Header) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(header.key.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(&header.value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

async fn tls(settings: &Settings) -> Result<Tls, ServerError> {
    let given = &settings.tls;
    let ca_pem = match (&given.ca_pem, &given.ca_file) {
        (Some(pem), _) => Some(pem.clone().into_bytes()),
        (None, Some(file)) => Some(contents("tls.caFile", file).await?),
        (None, None) => None,
    };
    let identity = match (&given.cert_file, &given.key_file) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificate_pem: contents("tls.certFile", certificate).await?,
            key_pem: contents("tls.keyFile", key).await?,
        }),
        _ => None,
    };
    Ok(Tls {
        insecure: settings.insecure,
        ca_pem,
        identity,
        server_name: given.server_name.clone(),
    })
}

async fn authentication(given: &settings::Authentication) -> Result<Authentication, ServerError> {
    Ok(match given {
        settings::Authentication::None => Authentication::None,
        settings::Authentication::Basic { username, password } => Authentication::Basic {
            username: username.clone(),
            password: Secret(password.clone()),
        },
        settings::Authentication::OAuth2 {
            token_url,
            client_id,
            client_secret,
            scopes,
        } => Authentication::OAuth2 {
            token_url: token_url.clone(),
            client_id: client_id.clone(),
            client_secret: Secret(client_secret.clone()),
            scopes: scopes.clone(),
        },
        settings::Authentication::SigV4 {
            region,
            profile,
            role_arn,
        } => Authentication::SigV4(SigV4 {
            region: region.clone(),
            profile: profile.clone(),
            role_arn: role_arn.clone(),
        }),
        settings::Authentication::Bearer { token_file } => {
            let bytes = contents("authentication.bearer.tokenFile", token_file).await?;
            let token = String::from_utf8(bytes)
                .unwrap_or_default()
                .trim()
                .to_owned();
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(ServerError::Token {
                    path: token_file.clone(),
                });
            }
            Authentication::Bearer {
                token: Secret(token),
            }
        }
    })
}

/// A regular file of at most 1 MiB; anything else could hang or never end.
async fn contents(key: &'static str, path: &str) -> Result<Vec<u8>, ServerError> {
    let path = PathBuf::from(path);
    let read = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || bounded_file(&path))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    };
    read.map_err(|cause| ServerError::File { key, path, cause })
}

fn bounded_file(path: &Path) -> io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(
        &mut io::Read::take(std::fs::File::open(path)?, FILE + 1),
        &mut bytes,
    )?;
    if bytes.len() as u64 > FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "more than 1 MiB",
        ));
    }
    Ok(bytes)
}
