//! `keygen`, as a process.

use std::{fs, path::Path, process::Command};

use webhooks_core::store::SecretsKey;

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn standalone<'a>(args: impl IntoIterator<Item = &'a Path>) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_standalone"))
        .args(args)
        .output()
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("the output is text");
    Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn keygen(path: &Path) -> Ended {
    standalone(["keygen".as_ref(), path])
}

/// Exit code 1, with one line that names the file and says `why`.
fn assert_refused(ended: &Ended, path: &Path, why: &str) {
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("`{}`", path.display())));
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

#[test]
fn a_key_file_is_made_and_its_id_printed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("webhooks.key");
    let made = keygen(&path);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let key = SecretsKey::from_file(&path).unwrap();
    assert_eq!(made.stdout, format!("{}\n", key.id()));
    assert_eq!(made.stderr, "");
}

#[cfg(unix)]
#[test]
fn the_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("webhooks.key");
    keygen(&path);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn an_existing_file_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("webhooks.key");
    keygen(&path);
    let before = fs::read(&path).unwrap();
    assert_refused(&keygen(&path), &path, "exists, and stays as it is");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_directory_that_is_none_is_refused_with_the_cause() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for parent in [directory.path().join("nowhere"), file] {
        let path = parent.join("webhooks.key");
        assert_refused(&keygen(&path), &path, "cannot be made: ");
    }
}

#[cfg(unix)]
#[test]
fn an_unwritable_directory_is_refused_with_the_cause() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(directory.path().join("probe"), "").is_ok() {
        // Nothing is unwritable to root.
        return;
    }
    let path = directory.path().join("webhooks.key");
    assert_refused(&keygen(&path), &path, "cannot be made: ");
}

#[test]
fn a_missing_path_is_a_usage_error() {
    let ended = standalone(["keygen".as_ref()]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("<PATH>"), "{}", ended.stderr);
}

#[test]
fn flags_without_a_subcommand_still_serve() {
    let ended = standalone(["--store", "other:"].map(Path::new));
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("the store `other:` is not built in"));
    let unknown = standalone(["--unknown".as_ref()]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("--unknown"));
}
