//! Where the server's programs are.

use std::{
    fs, iter,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Debian keeps each major version in a directory of its own, and none of them on the `PATH`.
pub(super) const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory of the newest server that this machine has.
pub(super) fn find() -> Option<PathBuf> {
    newest(Path::new(DEBIAN))
        .or_else(configured)
        .or_else(on_path)
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let major = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        name.split('.').next()?.parse::<u32>().ok()
    };
    fs::read_dir(versions)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((major(&path)?, path.join("bin"))))
        .filter(|(_, directory)| is_complete(directory))
        .max()
        .map(|(_, directory)| directory)
}

fn configured() -> Option<PathBuf> {
    let mut command = Command::new("pg_config");
    let output = command.arg("--bindir").stderr(Stdio::null()).output();
    let directory = PathBuf::from(String::from_utf8(output.ok()?.stdout).ok()?.trim_end());
    is_complete(&directory).then_some(directory)
}

fn on_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|directory| is_complete(directory))
}

/// PgBouncer. Debian keeps it off the `PATH` of ordinary users.
pub(super) fn find_pooler() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    iter::once(PathBuf::from("/usr/sbin"))
        .chain(on_path)
        .map(|directory| directory.join("pgbouncer"))
        .find(|program| program.is_file())
}

/// The client's package has some programs, but not these.
fn is_complete(directory: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"]
        .iter()
        .all(|program| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_complete_version_is_found() {
        let versions = tempfile::tempdir().unwrap();
        for (version, programs) in [
            ("9.6", &["initdb", "pg_ctl", "postgres"][..]),
            ("15", &["initdb", "pg_ctl", "postgres"]),
            ("17", &["pg_config"]),
            ("doc", &["initdb", "pg_ctl", "postgres"]),
        ] {
            let directory = versions.path().join(version).join("bin");
            fs::create_dir_all(&directory).unwrap();
            for program in programs {
                fs::write(directory.join(program), "").unwrap();
            }
        }
        let found = newest(versions.path());
        assert_eq!(found, Some(versions.path().join("15").join("bin")));
        assert_eq!(newest(&versions.path().join("nowhere")), None);
    }
}
