//! The process that keeps a private cluster.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A shell that starts and stops a server and outlives this process just as long as it takes to remove
/// it: nothing else is told when this process is killed.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    /// Its life: `None` once it is to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.child.wait();
    }
}

impl Keeper {
    /// Begins to keep a cluster of these programs, with these lines in its configuration.
    pub(super) fn start(programs: &Path, settings: &[String]) -> Result<Self, String> {
        let mut command = shell();
        command
            .args(["-c", include_str!("keeper.sh"), "keeper"])
            .arg(programs)
            .args(settings)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Nor does it go when somebody kills all of a process group.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut keeper = Self {
            commands: child.stdin.take(),
            child,
            answers,
            directory: PathBuf::new(),
        };
        keeper.directory = match keeper.answer() {
            Some(directory) => directory.into(),
            None => return Err(keeper.complaint()),
        };
        Ok(keeper)
    }

    /// Has it do something; the error is the end of its log.
    pub(super) fn ask(&mut self, command: &str) -> Result<(), String> {
        if let Some(commands) = &mut self.commands {
            let _ = writeln!(commands, "{command}");
        }
        match self.answer().as_deref() {
            Some("0") => Ok(()),
            _ => Err(format!("{command}: {}", self.log())),
        }
    }

    /// Where the cluster is.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        Some(line.strip_suffix('\n')?.to_owned())
    }

    /// What it said before it had a log.
    fn complaint(&mut self) -> String {
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut said);
        }
        format!("no cluster can be kept: {}", said.trim_end())
    }

    fn log(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// A shell as a user that the programs agree to run as: they refuse root.
pub(super) fn shell() -> Command {
    let user = Command::new("id").arg("-u").output();
    if user.is_ok_and(|user| user.stdout == b"0\n") {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        command.args(["--", "sh"]);
        command
    } else {
        Command::new("sh")
    }
}
