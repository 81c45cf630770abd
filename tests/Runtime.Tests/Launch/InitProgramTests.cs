using System.Diagnostics;
using Berth.Kit;
using Berth.Runtime.Init;

namespace Berth.Runtime.Tests.Launch;

public sealed class InitProgramTests
{
    [Theory]
    [InlineData("as", "objcopy", "init-x64.s")]
    [InlineData("aarch64-linux-gnu-as", "aarch64-linux-gnu-objcopy", "init-arm64.s")]
    public void Code_IsWhatItsSourceAssemblesTo(string assembler, string copier, string source)
    {
        Assert.SkipUnless(Host.Find(assembler) is not null && Host.Find(copier) is not null, $"needs {assembler}, of binutils");
        using var directory = new TemporaryDirectory();

        Run(assembler, "-o", directory["code.o"], Path.Combine(Host.Repository, "src/Runtime/Init", source));
        Run(copier, "-O", "binary", "-j", ".text", directory["code.o"], directory["code.bin"]);

        var code = source.Contains("x64", StringComparison.Ordinal) ? InitProgram.X64 : InitProgram.Arm64;
        Assert.Equal(File.ReadAllBytes(directory["code.bin"]), code.ToArray());
    }

    [Fact]
    public void Image_EndsWithTheWordForTheMainProcess()
    {
        var image = InitProgram.Image();

        Assert.Equal(image.Length - 4, InitProgram.ChildOffset);
        Assert.Equal(0, BitConverter.ToInt32(image, InitProgram.ChildOffset));
        Assert.InRange(image.Length, 0, 4096);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(Host.Find(program)!, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
