//! A text into a file, so that a reader never sees half of it, and that nothing is written but what was asked for.

use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use super::regular::regular;

/// Names that are tried for the new file.
const TRIES: usize = 16;

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// The system says no, or it is no regular file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Nobody may write it.
    #[error("the file is read-only")]
    ReadOnly,
    /// A new file in its place would part the names.
    #[error("the file has {0} names (hard links), and a new one would take the place of one alone")]
    Links(u64),
    /// A new file in its place would be somebody else's.
    #[error("the file belongs to user {user}, group {group}, and a new one in its place would not")]
    Owner {
        /// Its user.
        user: u32,
        /// Its group.
        group: u32,
    },
    /// Somebody saved it, or put something else in its place.
    #[error("the file changed meanwhile; run it again")]
    Changed,
}

/// Puts `after` in the place of the file at `path`, whose links are resolved, where it holds `before`; with its permissions and
/// its owner.
pub(super) fn exchange(path: &Path, before: &str, after: &str) -> Result<(), WriteError> {
    let (mut file, metadata) = writable(path)?;
    let mut now = Vec::new();
    (&mut file)
        .take(before.len() as u64 + 1)
        .read_to_end(&mut now)?;
    if now != before.as_bytes() {
        return Err(WriteError::Changed);
    }
    put(path, Some(&metadata), after)
}

/// Puts `text` in the place of the file at `path`; `is_ours` says whether one that is there and holds something may go,
/// and `failed` in whose words it could not be done.
pub(super) fn replace<E>(
    path: &Path,
    text: &str,
    is_ours: impl FnOnce() -> Result<(), E>,
    failed: impl Fn(WriteError) -> E,
) -> Result<(), E> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error.into())),
        // A link that leads nowhere is no place for a file either.
        Ok(_) => Some(fs::canonicalize(path).map_err(|error| failed(error.into()))?),
    };
    let Some(path) = there else {
        return put(path, None, text).map_err(failed);
    };
    let (_, metadata) = writable(&path).map_err(&failed)?;
    if metadata.len() > 0 {
        is_ours()?;
    }
    put(&path, Some(&metadata), text).map_err(failed)
}

/// The file at `path`, where a new one may take its place.
fn writable(path: &Path) -> Result<(File, Metadata), WriteError> {
    // Asked before, as opening a device already may do something.
    let before = fs::symlink_metadata(path)?;
    regular(before.file_type())?;
    // An administrator can write it all the same, and is not meant to.
    if before.permissions().readonly() {
        return Err(WriteError::ReadOnly);
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let metadata = file.metadata()?;
    if !is_same(&before, &metadata) {
        return Err(WriteError::Changed);
    }
    match metadata.nlink() {
        0 | 1 => Ok((file, metadata)),
        links => Err(WriteError::Links(links)),
    }
}

fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

fn put(path: &Path, before: Option<&Metadata>, text: &str) -> Result<(), WriteError> {
    let (partial, mut file) = partial(path, before.is_some())?;
    let written = fill(&mut file, before, text).and_then(|()| {
        let now = fs::symlink_metadata(path);
        let is_unchanged = match (before, &now) {
            (Some(before), Ok(now)) => is_same(before, now),
            (None, Err(error)) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        match is_unchanged {
            true => Ok(fs::rename(&partial, path)?),
            false => Err(WriteError::Changed),
        }
    });
    if written.is_err() {
        // What is half written is of no use; that it may not be there is fine.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// A new file beside `path` under a name that nobody can foresee; `is_private` until it has another's permissions.
fn partial(path: &Path, is_private: bool) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    // Never one that is there, nor through a link.
    options.write(true).create_new(true);
    options.mode(if is_private { 0o600 } else { 0o666 });
    let mut tried = 0;
    loop {
        // Its keys come from the system's randomness.
        let number = RandomState::new().build_hasher().finish();
        let partial = path.with_file_name(format!(".promql-guard-{number:016x}"));
        tried += 1;
        match options.open(&partial) {
            Ok(file) => return Ok((partial, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

fn fill(file: &mut File, before: Option<&Metadata>, text: &str) -> Result<(), WriteError> {
    if let Some(before) = before {
        let own = file.metadata()?;
        let (user, group) = (before.uid(), before.gid());
        if (own.uid(), own.gid()) != (user, group) {
            fchown(&*file, Some(user), Some(group))
                .map_err(|_| WriteError::Owner { user, group })?;
        }
        // After the owner, whose change takes some of them away.
        file.set_permissions(before.permissions())?;
    }
    Ok(file.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;

    #[test]
    fn what_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&file, "old").unwrap();
        assert!(matches!(
            exchange(&file, "older", "new"),
            Err(WriteError::Changed)
        ));
        assert!(matches!(
            exchange(&file, "ol", "new"),
            Err(WriteError::Changed)
        ));
        let metadata = fs::metadata(&file).unwrap();
        fs::write(&other, "other").unwrap();
        fs::rename(&other, &file).unwrap();
        assert!(matches!(
            put(&file, Some(&metadata), "new"),
            Err(WriteError::Changed)
        ));
        assert!(matches!(put(&file, None, "new"), Err(WriteError::Changed)));
        assert_eq!(fs::read(&file).unwrap(), b"other");
        fs::rename(&file, &other).unwrap();
        std::os::unix::fs::symlink("b", &file).unwrap();
        assert!(matches!(
            exchange(&file, "other", "new"),
            Err(WriteError::Io(_))
        ));
        assert_eq!(fs::read(&other).unwrap(), b"other");
        exchange(&other, "other", "new").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn names_cannot_be_foreseen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let (one, _) = partial(&path, true).unwrap();
        let (other, _) = partial(&path, true).unwrap();
        assert_ne!(one, other);
        assert_eq!(one.parent(), Some(folder.path()));
    }
}
