//! Where one server lives: a folder of its own and three ports nobody else uses.
//! Knows no server; fills templates with what it knows of the place.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, io, process, thread};

use super::SECRET;
use super::ports::{listen, port_of};

/// A temporary folder and loopback ports, one of them for components that speak TLS.
pub struct Place {
    pub dir: PathBuf,
    pub c2s_port: u16,
    pub component_port: u16,
    pub tls_port: u16,
}

impl Place {
    /// Makes the folder, named after the server, and chooses the ports.
    pub fn new(server: &str) -> Self {
        // Nobody listens on them from here on; the server does in a moment.
        let [c2s_port, component_port, tls_port] = [(); 3].map(|()| port_of(&listen()));
        Self { dir: new_folder(server), c2s_port, component_port, tls_port }
    }

    /// Writes a configuration file: the template, with the marks in it filled in.
    pub fn write(&self, name: &str, template: &str) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, self.fill(template)).expect("the folder is ours to write to");
        path
    }

    /// Adds text to the end of a file that was written before.
    pub fn append(&self, name: &str, text: &str) {
        let file = OpenOptions::new().append(true).open(self.dir.join(name));
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the file is ours");
    }

    /// The template with `@DIR@`, `@C2S@`, `@COMPONENT@`, `@TLS@` and `@SECRET@` filled in.
    pub fn fill(&self, template: &str) -> String {
        template
            .replace("@DIR@", self.dir.to_str().expect("a UTF-8 path"))
            .replace("@C2S@", &self.c2s_port.to_string())
            .replace("@COMPONENT@", &self.component_port.to_string())
            .replace("@TLS@", &self.tls_port.to_string())
            .replace("@SECRET@", SECRET)
    }

    /// The file that takes what the server's processes print.
    pub fn output(&self) -> File {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.dir.join("out"))
            .expect("the folder is ours to write to")
    }

    /// What they have printed.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.dir.join("out")).unwrap_or_default()
    }

    /// Makes a folder inside.
    pub fn make_dir(&self, name: &str) -> PathBuf {
        let path = self.dir.join(name);
        fs::create_dir_all(&path).expect("the folder is ours to write to");
        path
    }

    /// Whether there is such a file inside.
    pub fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    /// Whether a file inside has this text in it by now.
    pub fn file_says(&self, name: &str, needle: &str) -> bool {
        fs::read_to_string(self.dir.join(name)).is_ok_and(|text| text.contains(needle))
    }

    /// Takes a file of an earlier run away, so that it is not mistaken for a new one.
    pub fn forget(&self, name: &str) {
        // It is not there at the first start.
        let _ = fs::remove_file(self.dir.join(name));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the server's files are kept in {}", self.dir.display());
        } else if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("{} is left behind: {error}", self.dir.display());
        }
    }
}

/// Whether something listens on a loopback port.
pub fn is_open(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Finds a program in `PATH`, or where Debian keeps daemons: not in everyone's `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Finds a folder in `/usr/lib` or the `/usr/lib/<machine>` of Debian by how it begins.
pub fn find_library(prefix: &str) -> Option<PathBuf> {
    let usr_lib = Path::new("/usr/lib");
    subfolders(usr_lib)
        .into_iter()
        .chain([usr_lib.to_owned()])
        .flat_map(|dir| subfolders(&dir))
        .find(|dir| {
            dir.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(prefix))
        })
}

fn subfolders(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

/// A folder that did not exist: this process's id and a counter name it.
fn new_folder(server: &str) -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("echo-component-{server}-{}-{number}", process::id());
        let dir = env::temp_dir().join(name);
        match fs::create_dir(&dir) {
            Ok(()) => return dir,
            // Left by a test that failed, in a process that had our id.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("no temporary folder {}: {error}", dir.display()),
        }
    }
}
