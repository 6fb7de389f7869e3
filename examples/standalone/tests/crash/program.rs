//! The program as a process.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::{PATIENCE, api::Api};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_standalone");
pub(crate) const TOKEN: &str = "the token of the test";

/// What starts the program, or a wrapper that takes its command line.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true);
    command
}

/// Adds what the program is told, with its store in this file.
pub(crate) fn serving<'a>(command: &'a mut Command, database: &Path) -> &'a mut Command {
    serving_from(command, &format!("sqlite:{}", database.display()))
}

/// Adds what the program is told, with this store.
pub(crate) fn serving_from<'a>(command: &'a mut Command, store: &str) -> &'a mut Command {
    command
        .env("NO_COLOR", "1")
        .args(["--listen", "127.0.0.1:0", "--admin-token", TOKEN])
        .args(["--allow-http", "--allow-network", "127.0.0.0/8"])
        .args(["--store", store])
}

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    printed: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Drop for Program {
    /// The end of what it logged helps to see why a test failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(40)..];
            eprintln!("{}:\n{}", self.log.display(), last.join("\n"));
        }
    }
}

impl Program {
    /// Starts it with its store in this file; what it logs goes to the end of `log`.
    pub(crate) fn start(database: &Path, log: &Path) -> Self {
        let mut command = command(BINARY);
        serving(&mut command, database).args(["--log", "info,webhooks=debug"]);
        Self::spawn(command, log)
    }

    pub(crate) fn spawn(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file.unwrap())
            .spawn()
            .unwrap();
        Self {
            printed: BufReader::new(child.stdout.take().unwrap()),
            child,
            log: log.to_owned(),
        }
    }

    /// Waits until it listens.
    pub(crate) async fn api(&mut self) -> Api {
        let mut line = String::new();
        let printed = timeout(PATIENCE, self.printed.read_line(&mut line)).await;
        printed.unwrap().unwrap();
        match line.strip_prefix("listening on ") {
            Some(base) => Api::new(base.trim_end()),
            None => panic!("it printed `{line}`, and logged:\n{}", self.log()),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends a signal of this name.
    pub(crate) async fn signal(&self, name: &str) {
        let mut kill = command("kill");
        let sent = kill.args([&format!("-{name}"), &self.id().to_string()]);
        assert!(sent.status().await.unwrap().success());
    }

    /// Waits until each of its threads has been stopped.
    pub(crate) async fn stopped(&self) {
        let is_stopped = || {
            let mut tasks = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
            tasks.all(|task| {
                let stat = fs::read_to_string(task.unwrap().path().join("stat"));
                // Its name in parentheses, then its state.
                stat.is_ok_and(|stat| stat.rsplit(')').next().unwrap().starts_with(" T"))
            })
        };
        while !is_stopped() {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Kills it.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Has it end on its own.
    pub(crate) async fn end(mut self) {
        self.signal("TERM").await;
        let ended = self.exit().await;
        assert_eq!(ended.code(), Some(0), "{}", self.log());
    }

    /// Waits for its end.
    pub(crate) async fn exit(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}
