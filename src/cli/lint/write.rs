//! A text into a file, so that a reader never sees half of it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Puts `text` in the file's place, with the permissions that it has; a link stays a link.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let permissions = fs::metadata(&path).map(|metadata| metadata.permissions());
    let mut name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?
        .to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    let partial = path.with_file_name(name);
    let written = fs::File::create(&partial)
        .and_then(|mut file| {
            if let Ok(permissions) = permissions {
                file.set_permissions(permissions)?;
            }
            file.write_all(text.as_bytes())
        })
        .and_then(|()| fs::rename(&partial, &path));
    if written.is_err() {
        // What is half written is of no use; that it may not be there is fine.
        let _ = fs::remove_file(&partial);
    }
    written
}
