//! Objects that libbpf has opened: their programs and maps.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{self, NonNull};

use super::{LoadError, log};

/// An object that libbpf has opened.
#[derive(Debug)]
pub struct Object(NonNull<libbpf_sys::bpf_object>);

/// What libbpf has read of a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// The name.
    pub name: String,
    /// The name of its section, without `?`.
    pub section: String,
    /// The number of its type; 0 if libbpf does not know the section's name.
    pub program_type: u32,
    /// The number of the type of attachment; 0 is also for none.
    pub attach_type: u32,
    /// Whether loading the object loads the program.
    pub autoload: bool,
}

/// What libbpf has read of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map {
    /// The name.
    pub name: String,
    /// The number of its type.
    pub map_type: u32,
    /// The number of entries.
    pub max_entries: u32,
}

impl Object {
    /// Opens an object.
    ///
    /// # Errors
    /// libbpf rejects it.
    pub fn open(bytes: &[u8]) -> Result<Self, LoadError> {
        let size = bytes.len().try_into().expect("a size");
        let (raw, log) = log::logged(|| {
            // SAFETY: libbpf reads `size` bytes, and keeps what it needs; null stands for no options.
            let raw = unsafe {
                libbpf_sys::bpf_object__open_mem(bytes.as_ptr().cast::<c_void>(), size, ptr::null())
            };
            NonNull::new(raw).ok_or_else(std::io::Error::last_os_error)
        });
        raw.map(Self).map_err(|error| LoadError::new(&error, &log))
    }

    /// Returns the programs.
    pub fn programs(&self) -> Vec<Program> {
        let mut programs = Vec::new();
        let mut raw = ptr::null_mut();
        loop {
            // SAFETY: the object is open, and `raw` is null or one of its programs.
            raw = unsafe { libbpf_sys::bpf_object__next_program(self.0.as_ptr(), raw) };
            if raw.is_null() {
                return programs;
            }
            // SAFETY: `raw` is a program of this object, whose strings live as long as the object.
            programs.push(unsafe {
                Program {
                    name: owned(libbpf_sys::bpf_program__name(raw)),
                    section: owned(libbpf_sys::bpf_program__section_name(raw)),
                    program_type: libbpf_sys::bpf_program__type(raw),
                    attach_type: libbpf_sys::bpf_program__expected_attach_type(raw),
                    autoload: libbpf_sys::bpf_program__autoload(raw),
                }
            });
        }
    }

    /// Returns the maps, without those that libbpf makes of sections of data.
    pub fn maps(&self) -> Vec<Map> {
        let mut maps = Vec::new();
        let mut raw = ptr::null_mut();
        loop {
            // SAFETY: the object is open, and `raw` is null or one of its maps.
            raw = unsafe { libbpf_sys::bpf_object__next_map(self.0.as_ptr(), raw) };
            if raw.is_null() {
                return maps;
            }
            // SAFETY: `raw` is a map of this object, whose strings live as long as the object.
            unsafe {
                if !libbpf_sys::bpf_map__is_internal(raw) {
                    maps.push(Map {
                        name: owned(libbpf_sys::bpf_map__name(raw)),
                        map_type: libbpf_sys::bpf_map__type(raw),
                        max_entries: libbpf_sys::bpf_map__max_entries(raw),
                    });
                }
            }
        }
    }
}

/// Loads one program of an object into the running kernel, without the others, and frees it again. Maps
/// that have no size get one, which user space would set.
///
/// # Errors
/// libbpf or the kernel rejects the object or the program.
///
/// # Panics
/// Panics if the object has no such program.
pub fn load_alone(bytes: &[u8], program: &str) -> Result<(), LoadError> {
    let object = Object::open(bytes)?;
    let (mut is_there, mut raw) = (false, ptr::null_mut());
    loop {
        // SAFETY: the object is open, and `raw` is null or one of its programs.
        raw = unsafe { libbpf_sys::bpf_object__next_program(object.0.as_ptr(), raw) };
        if raw.is_null() {
            break;
        }
        // SAFETY: `raw` is a program of this object, whose name lives as long as the object.
        unsafe {
            let is_it = owned(libbpf_sys::bpf_program__name(raw)) == program;
            is_there |= is_it;
            libbpf_sys::bpf_program__set_autoload(raw, is_it);
        }
    }
    assert!(is_there, "no program {program}");
    object.size_maps();
    let (returned, log) = log::logged(|| {
        // SAFETY: the object is open, and has not been loaded.
        unsafe { libbpf_sys::bpf_object__load(object.0.as_ptr()) }
    });
    if returned == 0 {
        return Ok(());
    }
    Err(LoadError::new(&std::io::Error::from_raw_os_error(-returned), &log))
}

impl Object {
    /// Gives maps that must have a size one.
    fn size_maps(&self) {
        /// The types of maps whose entries are made for objects of the kernel, and have no number.
        const OF_KERNEL_OBJECTS: [u32; 8] = [19, 21, 24, 26, 28, 29, 32, 33];
        /// `BPF_MAP_TYPE_STACK_TRACE`.
        const STACK_TRACE: u32 = 7;
        /// The bytes of a stack trace of the greatest depth.
        const TRACE_SIZE: u32 = 127 * 8;
        let mut raw = ptr::null_mut();
        loop {
            // SAFETY: the object is open, and `raw` is null or one of its maps.
            raw = unsafe { libbpf_sys::bpf_object__next_map(self.0.as_ptr(), raw) };
            if raw.is_null() {
                return;
            }
            // SAFETY: `raw` is a map of this object.
            unsafe {
                let map_type = libbpf_sys::bpf_map__type(raw);
                if libbpf_sys::bpf_map__max_entries(raw) == 0
                    && !OF_KERNEL_OBJECTS.contains(&map_type)
                {
                    libbpf_sys::bpf_map__set_max_entries(raw, 1);
                }
                if map_type == STACK_TRACE && libbpf_sys::bpf_map__value_size(raw) == 0 {
                    libbpf_sys::bpf_map__set_key_size(raw, 4);
                    libbpf_sys::bpf_map__set_value_size(raw, TRACE_SIZE);
                }
            }
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: this is the only owner.
        unsafe { libbpf_sys::bpf_object__close(self.0.as_ptr()) };
    }
}

/// Returns the types of program and attachment that libbpf reads from the name of a section; `None` if it
/// does not know the name.
///
/// # Panics
/// Panics if the name contains a NUL.
pub fn section_types(name: &str) -> Option<(u32, u32)> {
    let name = CString::new(name).expect("a name without NUL");
    let (mut program, mut attach) = (0, 0);
    let (returned, _) = log::logged(|| {
        // SAFETY: the name ends with NUL, and both numbers can be written.
        unsafe {
            libbpf_sys::libbpf_prog_type_by_name(name.as_ptr(), &raw mut program, &raw mut attach)
        }
    });
    (returned == 0).then_some((program, attach))
}

/// # Safety
/// The pointer must point to a string that ends with NUL.
unsafe fn owned(text: *const c_char) -> String {
    // SAFETY: as this function requires.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
