//! A folder into a unix socket in it that only this user can reach and that goes when the process goes.

use std::collections::hash_map::RandomState;
use std::fs::{self, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// Names to try before giving up: one is taken by chance never, by intent perhaps.
const ATTEMPTS: u32 = 8;

/// Removes the socket's file when dropped.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl SocketFile {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody is left to be told: the host may have removed the whole folder.
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes a socket under a name in `dir` that cannot be guessed, for this user alone (mode 0600).
pub(crate) fn bind(dir: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let path = dir.join(format!("promql-guard-{:016x}", random()));
        match UnixListener::bind(&path) {
            Ok(listener) => {
                let file = SocketFile(path);
                fs::set_permissions(file.path(), Permissions::from_mode(0o600))?;
                return Ok((listener, file));
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// The keys of each `RandomState` come from the kernel's random numbers: no crate is needed for one name.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_private_and_goes() {
        let dir = tempfile::tempdir().expect("folder");
        let (_first, file) = bind(dir.path()).expect("bound");
        let (_second, other) = bind(dir.path()).expect("bound");
        assert_ne!(file.path(), other.path());
        let mode = fs::metadata(file.path())
            .expect("file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let path = file.path().to_owned();
        drop(file);
        assert!(!path.exists());
        assert!(other.path().exists());
    }

    #[tokio::test]
    async fn a_missing_folder_is_an_error() {
        assert_eq!(
            bind(Path::new("/nowhere/at/all"))
                .map_err(|error| error.kind())
                .err(),
            Some(io::ErrorKind::NotFound)
        );
    }
}
