//! A peer's process: started, looked at through /proc, and always ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Process {
    child: Child,
    errors: PathBuf,
}

impl Process {
    /// Starts a program with what it says kept in the file `errors`.
    pub fn start(
        program: &Path,
        arguments: &[OsString],
        secret: &str,
        errors: PathBuf,
    ) -> io::Result<Self> {
        let child = Command::new(program)
            .args(arguments)
            .env("ECHO_COMPONENT_SECRET", secret)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors)?)
            .spawn()?;
        Ok(Self { child, errors })
    }

    /// The processor time that all threads have used. The scheduler's own count is in
    /// nanoseconds, while utime and stime in `stat` go by hundredths of a second.
    pub fn cpu(&self) -> io::Result<Duration> {
        let mut total = 0;
        for thread in fs::read_dir(self.proc("task"))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let spent = text.split_whitespace().next().and_then(|n| n.parse::<u64>().ok());
            total += spent.ok_or_else(|| io::Error::other("the kernel keeps no schedstat"))?;
        }
        Ok(Duration::from_nanos(total))
    }

    /// The most memory the process has had in use, in KiB.
    pub fn peak_memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("the kernel does not tell VmHWM"))
    }

    /// Moves all its threads to one core.
    pub fn pin(&self, core: &str) {
        pin(self.child.id(), core);
    }

    /// How it ended, if it does so within a moment.
    pub fn ending(&mut self) -> Option<String> {
        let end = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end {
            if let Some(how) = self.ended() {
                return Some(how);
            }
            sleep(Duration::from_millis(10));
        }
        None
    }

    /// How it ended, if it has, with the last line it wrote.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let how = match (status.signal(), status.code()) {
            (Some(signal), _) => format!("killed by signal {signal}"),
            (_, Some(code)) => format!("exit code {code}"),
            _ => "unknown end".to_owned(),
        };
        Some(match self.last_words() {
            Some(line) => format!("{how}: {line}"),
            None => how,
        })
    }

    fn last_words(&self) -> Option<String> {
        let text = fs::read(&self.errors).ok()?;
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().rfind(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().take(120).collect())
    }

    fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.child.id()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already, and that is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Moves all threads of a process to the given cores, as `taskset` names them.
fn pin(process: u32, cores: &str) {
    let id = process.to_string();
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-p", "-c", cores, &id]).stdout(Stdio::null()).stderr(Stdio::null());
    // Without it the figures are only noisier; the report says whether it worked.
    let _ = taskset.status();
}

/// Moves the load generator to the given cores, and tells whether that can be done here.
pub fn pin_generator(cores: &str) -> bool {
    let id = std::process::id();
    pin(id, cores);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    allowed.is_some_and(|list| list.trim() == cores || list.trim() == cores.replace(',', "-"))
}
