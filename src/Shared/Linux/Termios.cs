using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

/// <summary>struct termios of the C library (not of the kernel), the same on x86-64 and arm64; see termios(3).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Termios
{
    public uint InputFlags;
    public uint OutputFlags;
    public uint ControlFlags;
    public uint LocalFlags;
    public byte LineDiscipline;
    public ControlCharacters Characters;
    public uint InputSpeed;
    public uint OutputSpeed;

    /// <summary>c_cc, NCCS = 32.</summary>
    [InlineArray(32)]
    public struct ControlCharacters
    {
        private byte _first;
    }
}
