//! What can train the network here.

use crate::simd::Simd;
use crate::{DeviceChoice, LstmError};

/// A device as `nta doctor` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name a configuration uses: `cpu`, `flex`, `ndarray`, `wgpu`.
    pub name: &'static str,
    /// What it is, or why it cannot be used.
    pub what: String,
    /// Whether `device: <name>` would work.
    pub available: bool,
}

/// Every device this version knows, whether it was built in, and what it is.
pub fn devices() -> Vec<DeviceInfo> {
    let threads = rayon::current_num_threads();
    let cpu = format!("fused engine, {}, {threads} threads; what `auto` takes", Simd::detect().name());
    let mut list = vec![
        DeviceInfo { name: DeviceChoice::Cpu.name(), what: cpu, available: true },
        DeviceInfo {
            name: DeviceChoice::Flex.name(),
            what: "burn's Flex backend on the CPU, the reference: slow".into(),
            available: true,
        },
    ];
    for choice in [DeviceChoice::Ndarray, DeviceChoice::Wgpu] {
        let found = crate::tensors::describe(choice);
        let available = found.is_ok();
        list.push(DeviceInfo { name: choice.name(), what: found.unwrap_or_else(|why| why), available });
    }
    list
}

impl DeviceChoice {
    /// As a configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            DeviceChoice::Auto => "auto",
            DeviceChoice::Cpu => "cpu",
            DeviceChoice::Flex => "flex",
            DeviceChoice::Ndarray => "ndarray",
            DeviceChoice::Wgpu => "wgpu",
        }
    }

    /// Refuses a device that was not built in or is not there, before any work is done.
    pub fn check_available(self) -> Result<(), LstmError> {
        match self {
            DeviceChoice::Auto | DeviceChoice::Cpu => Ok(()),
            other => match crate::tensors::describe(other) {
                Ok(_) => Ok(()),
                Err(why) => Err(LstmError::Device { device: other.name(), why }),
            },
        }
    }
}
