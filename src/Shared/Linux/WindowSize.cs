using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

/// <summary>struct winsize of ioctl_tty(2); the pixel sizes are unused everywhere.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct WindowSize(ushort Rows, ushort Columns, ushort PixelWidth = 0, ushort PixelHeight = 0);
