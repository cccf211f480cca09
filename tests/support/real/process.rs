//! A child process that never outlives the test that started it. Knows signals and exit
//! codes; what the program is, and when it is ready, is its caller's business.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;

use super::wait_until;

/// A running child, killed on drop.
pub struct Process(Child);

impl Process {
    /// A command to be given to [`Process::spawn`]. Drop does not run when the tests are
    /// themselves killed, so the kernel is told to take the child down with the thread
    /// that starts it, which is the test's own.
    pub fn command(program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    }

    /// Starts it. `setpriv` becomes the program, so the child's id is the program's.
    pub fn spawn(command: &mut Command) -> Self {
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!("cannot run {command:?}: {error}"),
        }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Waits for it to end by itself and returns what it has written to a piped stderr.
    pub fn wait_with_stderr(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut said).expect("it writes UTF-8");
        }
        (self.wait(), said)
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal. The standard library has none but SIGKILL; every shell does.
    pub fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name])
            .arg(self.id().to_string())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "kill failed");
    }

    /// Sends SIGKILL and waits until the child is gone.
    pub fn kill(&mut self) {
        // An error means that it has gone by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child of ours")
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        wait_until("the process ends", || self.ended())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking()
            && let Ok(Some(status)) = self.0.try_wait()
        {
            eprintln!("process {} had ended by itself: {status}", self.id());
        }
        self.kill();
    }
}
