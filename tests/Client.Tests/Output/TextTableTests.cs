using Berth.Client.Output;

namespace Berth.Client.Tests.Output;

public sealed class TextTableTests
{
    [Fact]
    public void WriteTo_Columns_AreAlignedWithThreeSpacesAndAtLeastTenWide()
    {
        var table = new TextTable();
        table.Add("ID", "NAMES", "STATUS");
        table.Add("0123456789ab", "é", "Up");
        var sink = new MemorySink();

        table.WriteTo(sink);

        Assert.Equal("ID             NAMES     STATUS\n0123456789ab   é         Up\n", sink.Text);
    }

    [Fact]
    public void WriteTo_CharactersBeyondTheBasicPlane_CountOnce()
    {
        var table = new TextTable(1, 1);
        table.Add("😀", "x");
        table.Add("ab", "y");
        var sink = new MemorySink();

        table.WriteTo(sink);

        Assert.Equal("😀  x\nab y\n", sink.Text);
    }
}
