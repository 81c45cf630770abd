using System.Runtime.InteropServices;

namespace Berth.Runtime.Security.Seccomp;

/// <summary>struct sock_filter, linux/filter.h: an array of these is what seccomp(2) takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BpfInstruction(ushort Code, byte JumpTrue, byte JumpFalse, uint K);
