//! Devices, by name. A program that measures or checks must know what it ran on, so nothing here
//! picks a device by itself.

#[cfg(feature = "wgpu")]
use std::sync::OnceLock;

use burn::tensor::Device;
#[cfg(feature = "cuda")]
use burn::tensor::DeviceType;
#[cfg(feature = "wgpu")]
use burn::tensor::wgpu::WgpuBackend;

#[cfg(any(feature = "wgpu", feature = "cuda"))]
use crate::Error;

/// The name of a device, as its driver tells it: `NVIDIA H100 80GB HBM3`, say. `CPU (burn-flex)`
/// for the processor.
pub fn name(device: &Device) -> String {
    device.identity().map_or_else(|| "CPU (burn-flex)".to_owned(), |identity| identity.name)
}

/// The device that Vulkan lists first, or that `CUBECL_WGPU_DEFAULT_DEVICE` names, such as
/// `DiscreteGpu(1)`. No other interface is tried in its place. Opened once, and then the same.
///
/// # Errors
/// [`Error::NoDevice`] when there is no Vulkan driver, or it refuses.
#[cfg(feature = "wgpu")]
pub fn open_vulkan() -> Result<Device, Error> {
    static OPENED: OnceLock<Result<Device, Error>> = OnceLock::new();
    let open = || {
        let options = Device::wgpu_options().graphics_api(WgpuBackend::Vulkan);
        options.init().map_err(|reason| Error::NoDevice {
            device: "a device for Vulkan".to_owned(),
            reason: format!(
                "{reason}. Vulkan needs its loader (libvulkan1 on Debian) and a driver for the \
                 card; `vulkaninfo --summary` lists what there is"
            ),
        })
    };
    OPENED.get_or_init(open).clone()
}

/// The card that CUDA gives number `index`, from 0.
///
/// # Errors
/// [`Error::NoDevice`] when NVIDIA's driver is not installed, or has no such card.
#[cfg(feature = "cuda")]
pub fn open_cuda(index: usize) -> Result<Device, Error> {
    // The list is empty without a driver. To open a card that is not in it would panic.
    let cards = Device::enumerate(DeviceType::Cuda).into_vec();
    if index < cards.len() {
        return Ok(Device::cuda(index));
    }
    let reason = if cards.is_empty() {
        "NVIDIA's driver (libcuda) is not installed or sees no card: `nvidia-smi` should list \
         one. The kernels also run on Vulkan"
            .to_owned()
    } else {
        format!("there are {} cards: give a number below that", cards.len())
    };
    Err(Error::NoDevice { device: format!("CUDA card {index}"), reason })
}
