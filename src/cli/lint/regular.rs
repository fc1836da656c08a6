//! A path into a file that can be read to its end: no pipe that nobody writes to, no device, and no more than a limit.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Opens a regular file. One that says it is empty is read as such: in `/proc` there are some that never end.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    // Asked before, as opening a pipe already waits.
    regular(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    regular(metadata.file_type())?;
    match metadata.len() {
        0 => Ok(Box::new(io::empty())),
        _ => Ok(Box::new(file)),
    }
}

/// The text of a regular file of at most `limit` MiB.
pub(super) fn text(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = open(path)?
        .take((limit << 20) + 1)
        .read_to_string(&mut text)?;
    match read as u64 > limit << 20 {
        true => Err(too_large(limit)),
        false => Ok(text),
    }
}

/// That a file holds more than `limit` MiB.
pub(super) fn too_large(limit: u64) -> io::Error {
    io::Error::other(format!("it holds more than {limit} MiB"))
}

/// An error for what is no regular file.
pub(super) fn regular(kind: FileType) -> io::Result<()> {
    let found = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_symlink() => "a link",
        () => "a device",
    };
    Err(io::Error::other(format!(
        "expected a regular file, found {found}"
    )))
}
