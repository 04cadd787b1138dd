//! What the file system says, in the words the rest of the program decides by.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::FileError;
use crate::model::ErrorKind;
use crate::provider::error::Error;

/// Translates an error about the file at `path`.
pub fn error(store: &str, operation: &'static str, path: &Path, error: FileError) -> Error {
    let shown = path.display();
    let made = |kind, context: String| Error::new(kind, operation, store, context);
    match error {
        FileError::Refused(doing, cause) => {
            let (kind, remedy) = judged(&cause, &shown.to_string());
            let error = made(kind, format!("could not {doing}: {shown}: {cause}"));
            Error { source: Some(Arc::new(cause)), ..error.with_remedy(remedy) }
        }
        FileError::Unsettled(cause) => {
            let context = format!("{shown} was replaced, but the disk did not confirm it: {cause}");
            let remedy = format!("see what is wrong with the disk that holds {shown}, then run again");
            made(ErrorKind::Unavailable, context).of_unknown_effect().with_remedy(remedy)
        }
        FileError::NotText => made(ErrorKind::Invalid, format!("{shown} is not UTF-8"))
            .with_remedy("convert the file to UTF-8; Airflow cannot read it either"),
        FileError::Malformed(at) => made(ErrorKind::Invalid, format!("{shown}: {at}"))
            .with_remedy(at.remedy.unwrap_or("mend the file; nothing of it is read or changed before")),
        FileError::Unwritable(why) => made(ErrorKind::Invalid, format!("{shown}: {}", why.0))
            .with_remedy("nothing was changed; make the file simpler where it stands in the way"),
    }
}

/// The error for a source whose file is not there.
pub fn missing(store: &str, operation: &'static str, path: &Path) -> Error {
    let context = format!("there is no file {}", path.display());
    Error::new(ErrorKind::Unavailable, operation, store, context)
        .with_remedy("correct the path, or leave the key out of the config if this kind is not kept here")
}

fn judged(cause: &io::Error, path: &str) -> (ErrorKind, String) {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::Denied, format!("let the user that runs secretferry read {path} and write in its folder"))
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::Denied, "mount the file system writable, or use another path".to_owned())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::Unavailable, "free space on the disk; nothing was changed".to_owned())
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (ErrorKind::Invalid, format!("make the folder of {path}; only the file itself is made when missing"))
        }
        _ => (ErrorKind::Unavailable, format!("see what is wrong with {path} and its folder, then run again")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Effect;

    #[test]
    fn every_refusal_has_a_kind_and_a_remedy() {
        let rows = [
            (io::ErrorKind::PermissionDenied, ErrorKind::Denied),
            (io::ErrorKind::ReadOnlyFilesystem, ErrorKind::Denied),
            (io::ErrorKind::StorageFull, ErrorKind::Unavailable),
            (io::ErrorKind::NotFound, ErrorKind::Invalid),
            (io::ErrorKind::TimedOut, ErrorKind::Unavailable),
        ];
        for (cause, kind) in rows {
            let refused = error("files", "write", Path::new("a.json"), FileError::Refused("write", cause.into()));
            assert_eq!((refused.kind, refused.effect), (kind, Effect::None), "{cause:?}");
            assert!(refused.remedy.is_some());
        }
        let unsettled = error("files", "write", Path::new("a.json"), FileError::Unsettled(io::Error::other("x")));
        assert_eq!((unsettled.effect, unsettled.remedy.is_some()), (Effect::Unknown, true));
    }
}
