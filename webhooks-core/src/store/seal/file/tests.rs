use std::{
    error::Error as _,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;

use super::*;
use crate::store::SecretsKey;

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn entries(directory: &TempDir) -> usize {
    fs::read_dir(directory.path()).unwrap().count()
}

fn io_kind(error: &Error) -> io::ErrorKind {
    let source = error.source().unwrap().downcast_ref::<io::Error>();
    source.unwrap().kind()
}

#[test]
fn a_created_file_holds_one_line_and_reads_back() {
    let directory = directory();
    let path = directory.path().join("webhooks.key");
    let key = SecretsKey::create_file(&path, &Env::system()).unwrap();
    assert_eq!(SecretsKey::from_file(&path).unwrap(), key);
    let content = fs::read_to_string(&path).unwrap();
    assert_eq!(content, format!("{}\n", key.to_text().expose()));
    assert!(content.starts_with("webhooks-secrets-key-v1:"));
    assert_eq!(entries(&directory), 1, "the draft is gone");
}

#[cfg(unix)]
#[test]
fn a_created_file_is_its_owners_alone() {
    use std::os::unix::fs::MetadataExt as _;

    let directory = directory();
    let path = directory.path().join("webhooks.key");
    SecretsKey::create_file(&path, &Env::system()).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    assert_eq!(metadata.nlink(), 1);
}

#[test]
fn an_existing_file_is_never_touched() {
    let directory = directory();
    let path = directory.path().join("webhooks.key");
    fs::write(&path, "mine").unwrap();
    let error = SecretsKey::create_file(&path, &Env::system()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
    assert_eq!(io_kind(&error), io::ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("webhooks.key` exists"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(entries(&directory), 1, "the draft is gone");
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_not_followed() {
    let directory = directory();
    let (path, elsewhere) = (directory.path().join("key"), directory.path().join("else"));
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let error = SecretsKey::create_file(&path, &Env::system()).unwrap_err();
    assert_eq!(io_kind(&error), io::ErrorKind::AlreadyExists);
    assert!(!elsewhere.exists());
}

#[test]
fn of_many_who_create_at_once_one_wins() {
    let directory = directory();
    let path = directory.path().join("webhooks.key");
    let made: Vec<SecretsKey> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| SecretsKey::create_file(&path, &Env::system())))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.filter_map(Result::ok).collect()
    });
    assert_eq!(made, [SecretsKey::from_file(&path).unwrap()]);
    assert_eq!(entries(&directory), 1);
}

#[test]
fn a_file_that_cannot_be_made_or_read_is_named_with_the_cause() {
    let directory = directory();
    let path = directory.path().join("nowhere").join("webhooks.key");
    let made = SecretsKey::create_file(&path, &Env::system()).unwrap_err();
    let read = SecretsKey::from_file(&path).unwrap_err();
    for error in [made, read] {
        assert_eq!(error.kind(), ErrorKind::SecretsKey);
        assert_eq!(io_kind(&error), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("webhooks.key` cannot be"));
    }
    assert!(SecretsKey::from_file(directory.path()).is_err());
    assert!(SecretsKey::create_file(directory.path(), &Env::system()).is_err());
    assert!(SecretsKey::create_file("", &Env::system()).is_err());
}

#[test]
fn malformed_files_are_named_and_not_shown() {
    let directory = directory();
    let path = directory.path().join("webhooks.key");
    let good = SecretsKey::generate(&Env::system()).to_text();
    let long = format!(
        "{}{}x",
        good.expose(),
        " ".repeat(MAX - 1 - good.expose().len())
    );
    let contents: [&[u8]; 5] = [
        b"",
        b"hunter2",
        b"webhooks-secrets-key-v1:hunter2\n",
        b"\xff\xfe hunter2",
        &b"hunter2 ".repeat(100_000),
    ];
    for content in contents.into_iter().chain([long.as_bytes()]) {
        fs::write(&path, content).unwrap();
        let error = SecretsKey::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SecretsKey);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("webhooks.key` is malformed: expected one line"));
        assert!(!shown.contains("hunter2") && !shown.contains(&good.expose()[24..]));
    }
}

#[cfg(unix)]
#[test]
fn a_file_open_to_others_is_read_with_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = directory();
    let path = directory.path().join("webhooks.key");
    let key = SecretsKey::create_file(&path, &Env::system()).unwrap();
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        assert_eq!(SecretsKey::from_file(&path).unwrap(), key);
        assert_eq!(*log.0.lock().unwrap(), "");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(SecretsKey::from_file(&path).unwrap(), key);
    });
    let log = log.0.lock().unwrap();
    let expected = format!(" path={} mode=0640", path.display());
    assert!(log.starts_with("webhooks::store "), "{log}");
    assert!(log.contains(&expected), "{log}");
    assert!(!log.contains(&key.to_text().expose()[24..]));
}

/// Keeps the target and the fields of every event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        use std::fmt::Write as _;

        let mut log = self.0.lock().unwrap();
        log.push_str(event.metadata().target());
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                write!(log, " {field}={value:?}").unwrap();
            },
        );
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
