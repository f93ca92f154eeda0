//! What can train the network here.

use burn::tensor::Device;

use crate::kernel::Simd;
use crate::{DeviceChoice, LstmError, Precision};

/// A device as `nta doctor` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name a configuration uses: `auto`, `cpu`, `flex`, `ndarray`, `wgpu`, `cuda`.
    pub name: &'static str,
    /// What it is, or why it cannot be used.
    pub what: String,
    /// Whether `device: <name>` would work.
    pub available: bool,
}

/// What a choice comes to on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedDevice {
    /// What will train; never `auto`.
    pub device: DeviceChoice,
    /// Where `auto` takes the CPU although this program was built for GPUs: why none of them will do.
    pub why_not_gpu: Option<String>,
}

/// A device of burn's, and what it is.
pub(crate) struct Opened {
    pub(crate) device: Device,
    /// As its maker calls it.
    what: String,
    /// Not a CPU, nor a GPU imitated by one.
    is_gpu: bool,
}

/// GPU engines in the order in which `auto` asks for them, and whether they were built in.
const GPUS: [(DeviceChoice, bool); 2] =
    [(DeviceChoice::Cuda, cfg!(feature = "cuda")), (DeviceChoice::Wgpu, cfg!(feature = "wgpu"))];

/// The vector unit that the CPU engine and scoring use here.
pub fn vectors() -> &'static str {
    Simd::detect().name()
}

/// Every device this version knows, whether it was built in, and what it is.
pub fn devices() -> Vec<DeviceInfo> {
    let threads = rayon::current_num_threads();
    let bf16 = Simd::bf16().map_or_else(String::new, |simd| format!(", {}", simd.name()));
    let cpu = format!("fused engine, {}{bf16}, {threads} threads", vectors());
    let ResolvedDevice { device, why_not_gpu } = DeviceChoice::Auto.resolve();
    let auto = match why_not_gpu {
        Some(why) => format!("takes {}: {why}", device.name()),
        None => format!("takes {}", device.name()),
    };
    let mut list = vec![
        DeviceInfo { name: DeviceChoice::Auto.name(), what: auto, available: true },
        DeviceInfo { name: DeviceChoice::Cpu.name(), what: cpu, available: true },
    ];
    for choice in [DeviceChoice::Flex, DeviceChoice::Ndarray, DeviceChoice::Wgpu, DeviceChoice::Cuda] {
        let found = open(choice).map(|opened| opened.what);
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
            DeviceChoice::Cuda => "cuda",
        }
    }

    /// Refuses a device that was not built in or is not there, before any work is done.
    ///
    /// # Errors
    /// [`LstmError::Device`], with what is missing.
    pub fn check_available(self) -> Result<(), LstmError> {
        match self {
            DeviceChoice::Auto | DeviceChoice::Cpu => Ok(()),
            other => match open(other) {
                Ok(_) => Ok(()),
                Err(why) => Err(LstmError::Device { device: other.name(), why }),
            },
        }
    }

    /// The device that `auto` takes here; any other choice is itself, there or not.
    pub fn resolve(self) -> ResolvedDevice {
        if self != DeviceChoice::Auto {
            return ResolvedDevice { device: self, why_not_gpu: None };
        }
        let mut reasons = Vec::new();
        for (device, _) in GPUS.into_iter().filter(|(_, built_in)| *built_in) {
            match open(device) {
                Ok(opened) if opened.is_gpu => return ResolvedDevice { device, why_not_gpu: None },
                Ok(opened) => reasons.push(format!("{}: {}, a GPU imitated by the CPU", device.name(), opened.what)),
                Err(why) => reasons.push(format!("{}: {why}", device.name())),
            }
        }
        let why_not_gpu = (!reasons.is_empty()).then(|| reasons.join("; "));
        ResolvedDevice { device: DeviceChoice::Cpu, why_not_gpu }
    }
}

impl Precision {
    /// Refuses a precision that training on this device does not have here, before any work is done.
    ///
    /// # Errors
    /// [`LstmError::Precision`], with what to set instead.
    pub fn check_available(self, device: DeviceChoice) -> Result<(), LstmError> {
        match self {
            Precision::F32 => Ok(()),
            Precision::Bf16 => check_bf16(device.resolve().device, Simd::bf16()).map(|_| ()),
        }
    }

    /// The vector unit that trains in this precision.
    pub(crate) fn simd(self) -> Result<Simd, LstmError> {
        match self {
            Precision::F32 => Ok(Simd::detect()),
            Precision::Bf16 => check_bf16(DeviceChoice::Cpu, Simd::bf16()),
        }
    }
}

/// Refuses bf16 but for the fused engine on a CPU that has it.
fn check_bf16(device: DeviceChoice, unit: Option<Simd>) -> Result<Simd, LstmError> {
    let why = match (device, unit) {
        (DeviceChoice::Cpu, Some(simd)) => return Ok(simd),
        (DeviceChoice::Cpu, None) => "this CPU lacks AVX512-BF16; set `precision: f32`".to_owned(),
        (other, _) => {
            format!("device `{}` trains in f32 alone; set `precision: f32`, or `device: cpu`", other.name())
        }
    };
    Err(LstmError::Precision { precision: "bf16", why })
}

/// The device, or why it cannot be had.
pub(crate) fn open(choice: DeviceChoice) -> Result<Opened, String> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu | DeviceChoice::Flex => {
            let what = "burn's Flex backend on the CPU, the reference: slow".into();
            Ok(Opened { device: Device::flex(), what, is_gpu: false })
        }
        DeviceChoice::Ndarray => ndarray(),
        DeviceChoice::Wgpu => wgpu(),
        DeviceChoice::Cuda => cuda(),
    }
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)] // Asked for by name; burn 0.23 drops it.
fn ndarray() -> Result<Opened, String> {
    Ok(Opened { device: Device::ndarray(), what: "burn's older CPU backend".into(), is_gpu: false })
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<Opened, String> {
    Err("this program was built without it; build with `--features ndarray`".into())
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Opened, String> {
    first(burn::tensor::DeviceType::Wgpu, "no GPU that WebGPU could use was found; is its Vulkan driver installed?")
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Result<Opened, String> {
    Err("this program was built without it; build with `--features wgpu`".into())
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Opened, String> {
    first(burn::tensor::DeviceType::Cuda, "no NVIDIA GPU was found; is its driver installed?")
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Opened, String> {
    Err("this program was built without it; build with `--features cuda`".into())
}

/// The first real GPU of a kind, else the first imitated one, once it has computed something.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn first(kind: burn::tensor::DeviceType, none: &str) -> Result<Opened, String> {
    // Drivers and run-time compilers that are half installed make burn panic.
    let found = std::panic::catch_unwind(|| {
        let mut imitated = None;
        for device in Device::enumerate(kind).into_vec() {
            let identity = device.identity();
            let is_gpu = identity.as_ref().is_some_and(|i| i.physical.is_some());
            let what = identity.map_or_else(|| format!("{device:?}"), |i| i.name);
            let opened = Opened { device, what, is_gpu };
            if is_gpu {
                return Some(opened);
            }
            imitated = imitated.or(Some(opened));
        }
        imitated
    });
    let broken = |_| "its driver failed; are driver and run-time compiler (NVRTC for CUDA) both installed?".to_owned();
    let opened = found.map_err(broken)?.ok_or(none)?;
    let device = opened.device.clone();
    let computed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let two: burn::tensor::Tensor<1> = burn::tensor::Tensor::from_data([1.0f32, 1.0], &device);
        two.sum().try_into_vec_as::<f32>().ok()
    }));
    match computed.map_err(broken)? {
        Some(sum) if sum == [2.0] => Ok(opened),
        _ => Err(format!("{} was found but does not compute", opened.what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_for_the_cpu_engine_where_the_cpu_has_it() {
        let (unit, any) = (Simd::bf16(), Some(Simd::detect()));
        let said = |device, unit| check_bf16(device, unit).unwrap_err().to_string();
        assert_eq!(check_bf16(DeviceChoice::Cpu, any), Ok(Simd::detect()));
        let lacking = "precision `bf16` is not available: this CPU lacks AVX512-BF16; set `precision: f32`";
        assert_eq!(said(DeviceChoice::Cpu, None), lacking);
        let elsewhere = said(DeviceChoice::Flex, any);
        assert!(elsewhere.contains("device `flex`") && elsewhere.contains("`device: cpu`"), "{elsewhere}");
        assert_eq!(Precision::F32.check_available(DeviceChoice::Flex), Ok(()));
        assert_eq!(Precision::Bf16.check_available(DeviceChoice::Cpu).is_ok(), unit.is_some());
        assert_eq!(Precision::Bf16.simd().ok(), unit);
    }
}
