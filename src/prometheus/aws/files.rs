//! A path into the text of a small file, read beside the runtime.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Keys, profiles and tokens are far smaller; whatever is larger is some other file.
const MOST_BYTES: u64 = 256 * 1024;

/// Why a file gave no text.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused it.
    #[error("read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: Arc<std::io::Error>,
    },
    /// It is no regular file, larger than 256 KiB, or not UTF-8.
    #[error("read `{}`: expected a text file of at most 262144 bytes", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    /// Whether there is nothing of that name to be read by us.
    pub(super) fn is_absent(&self) -> bool {
        let FileError::Read { source, .. } = self else {
            return false;
        };
        matches!(
            source.kind(),
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied
        )
    }
}

/// Reads the whole of `path`.
pub(super) async fn text(path: PathBuf) -> Result<String, FileError> {
    let task = tokio::task::spawn_blocking({
        let path = path.clone();
        move || read(&path)
    });
    match task.await {
        Ok(result) => result,
        Err(stopped) => Err(FileError::Read {
            path,
            source: Arc::new(std::io::Error::other(stopped)),
        }),
    }
}

fn read(path: &Path) -> Result<String, FileError> {
    let refused = |error| FileError::Read {
        path: path.into(),
        source: Arc::new(error),
    };
    let unfit = || FileError::Unfit { path: path.into() };
    // Opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(refused)?.is_file() {
        return Err(unfit());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(refused)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(unfit());
    }
    String::from_utf8(bytes).map_err(|_| unfit())
}
