//! This binary into a file elsewhere: what an init container of an image without a shell runs.

use std::io;
use std::path::{Path, PathBuf};

/// Why the binary was not copied.
#[derive(Debug, thiserror::Error)]
#[error("copy this binary to `{}`", .path.display())]
pub(super) struct CopyError {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// Writes this binary, executable, to `path`; a folder gets `promql-guard` in it. A reader never sees half of it.
pub(super) fn copy_to(path: &Path) -> Result<(), CopyError> {
    let path = if path.is_dir() {
        path.join("promql-guard")
    } else {
        path.to_owned()
    };
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let copied = std::env::current_exe()
        .and_then(|binary| std::fs::copy(binary, &partial))
        .and_then(|_| std::fs::rename(&partial, &path));
    copied.map_err(|cause| {
        // What is half written is of no use; that it may not be there is fine.
        let _ = std::fs::remove_file(&partial);
        CopyError { path, cause }
    })
}
