//! A program whose files have little room, or none.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::program::{BINARY, Program, command, serving};

/// What the program's files may have.
pub(crate) enum Room {
    /// A small file system of its own, which goes with the process. Its mount is not seen from outside.
    Disk,
    /// A limit on the size of each file.
    FileSize,
}

impl Room {
    /// Starts the program, with room at first; its log is elsewhere.
    pub(crate) fn start(&self, directory: &TempDir) -> Program {
        let files = directory.path().join("files");
        fs::create_dir(&files).unwrap();
        let script = match self {
            Self::Disk => r#"mount -t tmpfs -o size=8m none "$0" && exec "$@""#,
            // A write beyond the limit is an error instead of the end.
            Self::FileSize => r#"trap "" XFSZ; exec "$@""#,
        };
        let mut command = match self {
            Self::Disk => {
                let mut command = command("unshare");
                command.args(["--mount", "bash"]);
                command
            }
            Self::FileSize => command("bash"),
        };
        command.args(["-c", script]).arg(&files).arg(BINARY);
        serving(&mut command, &files.join("webhooks.db"));
        Program::spawn(command, &directory.path().join("log"))
    }

    /// Leaves no room.
    pub(crate) async fn fill(&self, program: &Program, directory: &TempDir) {
        match self {
            Self::Disk => {
                let mut file = fs::File::create(filling(program, directory)).unwrap();
                while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
            }
            Self::FileSize => limit(program, "4096").await,
        }
    }

    /// Leaves room again.
    pub(crate) async fn free(&self, program: &Program, directory: &TempDir) {
        match self {
            Self::Disk => fs::remove_file(filling(program, directory)).unwrap(),
            Self::FileSize => limit(program, "unlimited").await,
        }
    }
}

/// Whether this machine allows a file system of one's own.
pub(crate) async fn mounts_are_allowed() -> bool {
    let script = "mount -t tmpfs none /mnt";
    let tried = command("unshare")
        .args(["--mount", "sh", "-c", script])
        .output()
        .await;
    tried.is_ok_and(|tried| tried.status.success())
}

/// The file that takes all room, as seen through the process.
fn filling(program: &Program, directory: &TempDir) -> PathBuf {
    let files = directory.path().join("files");
    let root = format!("/proc/{}/root", program.id());
    Path::new(&root)
        .join(files.strip_prefix("/").unwrap())
        .join("filling")
}

/// How large a file may become, from now on; as a soft limit, which anybody may raise again.
async fn limit(program: &Program, size: &str) {
    let mut prlimit = command("prlimit");
    let id = program.id().to_string();
    let limited = prlimit.args(["--pid", &id, &format!("--fsize={size}:")]);
    assert!(limited.status().await.unwrap().success());
}
