//! The headers of images that say where the packed kernel is.

use std::ops::Range;

/// From where to where the packed kernel lies, if the image says so; as much of it as there is.
pub(super) fn payload(image: &[u8]) -> Option<Range<usize>> {
    let (start, len) = x86(image).or_else(|| zboot(image))?;
    let start = usize::try_from(start).ok()?.min(image.len());
    let end = start.saturating_add(usize::try_from(len).ok()?).min(image.len());
    Some(start..end)
}

/// x86's setup header, as Linux's `Documentation/arch/x86/boot.rst` describes it.
fn x86(image: &[u8]) -> Option<(u64, u64)> {
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let version = u16::from_le_bytes(*image.get(0x206..)?.first_chunk()?);
    // Older protocols do not tell where the payload is.
    if version < 0x0208 {
        return None;
    }
    // The payload's offset counts from the protected-mode code, which is behind the boot sector and
    // these sectors.
    let setup_sectors = match *image.get(0x1f1)? {
        0 => 4,
        sectors => u64::from(sectors),
    };
    let code = setup_sectors.saturating_add(1).saturating_mul(512);
    let (offset, len) = (word(image, 0x248)?, word(image, 0x24c)?);
    (len > 0).then_some((code.saturating_add(offset), len))
}

/// The header of a compressed EFI image (`CONFIG_EFI_ZBOOT`), as Linux's
/// `drivers/firmware/efi/libstub/zboot-header.S` writes it.
fn zboot(image: &[u8]) -> Option<(u64, u64)> {
    if image.get(4..8)? != b"zimg" {
        return None;
    }
    Some((word(image, 8)?, word(image, 12)?))
}

fn word(image: &[u8], offset: usize) -> Option<u64> {
    let bytes = image.get(offset..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes).into())
}
