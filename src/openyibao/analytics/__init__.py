"""The analytics room (统计): settles a bureau's recorded bills again and says where and why they differ."""
